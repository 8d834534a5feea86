"""One process for each contender: the same files, a round whenever one is asked for."""
