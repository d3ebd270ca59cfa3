"""`docs/reference.md`: a page for each command, made from the command itself, and what is common to all of them."""
