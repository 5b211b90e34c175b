"""The handling of SayName and IncomingCall. Rule: no HTTP, no XML and no SQL in this package."""
