"""The command line: from argv to a request, and from an answer to text on the terminal and an exit code."""
