"""A simulator of the VATS: sends its requests to this service or to a real 1C, and checks the answers.

Rule: the simulator knows only what the VATS knows of a service. The code that uses the simulator passes in all other
data, such as the WSDL to compare with.
"""
