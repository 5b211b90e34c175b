"""What happens on SayName and on IncomingCall. Rule: no HTTP, no XML, no SQL in this room."""
