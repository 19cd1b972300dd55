"""How the artefacts in models/ are made; nothing here runs in production."""
