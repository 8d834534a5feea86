"""The command line: words in, words out. Only this package prints or exits."""
