"""Model files by their bytes alone: what they are, and what would run if they were loaded.

Nothing is ever loaded, imported or executed; memory does not grow with a file or with what it
claims about itself.
"""
