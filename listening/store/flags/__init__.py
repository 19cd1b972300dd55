"""Advocates and detractors: stances, lists, what people do about them, audience files."""
