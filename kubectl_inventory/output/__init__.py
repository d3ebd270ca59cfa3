"""From an inventory to rows and columns, and to text in every format."""
