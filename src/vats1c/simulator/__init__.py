"""The VATS's side: sends what the VATS sends, to this service or to a real 1C, and judges what comes back.

Rule: knows no more of the service than the VATS does; what it compares with is given to it.
"""
