"""What is decided about services of the catalogue: pure, computed on the citizen's own documents, and for their eyes only."""
