"""The cases of support: opened, listed, worked on, and what time does to them."""
