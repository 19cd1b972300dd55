"""Plain functions that join the domain and the models; tasks and commands call them."""
