"""Python packages as values: targets, what packs ask for, what is protected, what was locked."""
