"""Is reality what the lock says: on this disk, at the services, in another environment?"""
