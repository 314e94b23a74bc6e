"""What we claim about speed, as commands that anyone can run."""
