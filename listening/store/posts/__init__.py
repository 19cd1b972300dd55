"""Posts and their authors, and what is read off a post alone: words, analyses, profiles."""
