"""Who may call and who may sign in: SOAP users, employees, administrators, sessions. Rule: no HTTP, no pages."""
