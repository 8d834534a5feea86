"""What a lock and the files of a machine hold that somebody should know before running them."""
