"""Celery: thin tasks over plain jobs that join the domain and the models."""
