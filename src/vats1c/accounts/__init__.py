"""SOAP users, and the employees and administrators who may sign in, with their sessions. Rule: no HTTP, no pages."""
