"""Dialogs: what is asked before something is done, and what is told on demand."""
