"""The partner's role: asks for exactly what is needed and judges what is presented."""
