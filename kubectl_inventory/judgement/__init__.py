"""How a cluster is: from the rows of an inventory to findings, verdicts, and their screens."""
