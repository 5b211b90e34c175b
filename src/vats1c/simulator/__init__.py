"""A simulator of the VATS: sends its requests to this service or to a real 1C, and checks the answers.

Rule: the simulator knows only what the VATS knows of a service; its callers pass in the data to compare with.
"""
