"""What a registrar's command does beyond its own role: look at requests before they are sent, and set everything up at once."""
