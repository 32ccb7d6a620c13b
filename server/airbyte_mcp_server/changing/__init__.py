"""From a plan that a person approved to its outcome.

applying             the entry: whoever applies comes through here
application          one approved plan, and whether things still are as the person saw them
executing            target by target, through a gate that lets one effect pass
leases               a heartbeat, so that nobody settles the plan of a server that lives
settling             what is looked up after a lost answer or a killed server
results              what became of a change, as the one answer of all changing tools
apply_plan           the public face of dispatch's own tool
model_confirmation   the operator's dangerous setting: no person is asked, and every record says so
"""
