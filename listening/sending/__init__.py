"""Sending notifications to where people want them."""
