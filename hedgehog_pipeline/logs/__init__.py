"""Log lines: what the stages write, how it reads as JSON and as a sentence, and reading it back."""
