"""Which workflows would break: judged against sets of definitions, without a server."""
