"""Log lines in files, for hosts that read files: written, rotated, kept, searched; and the audit."""
