"""A first policy: spot machines while there is much time, and on-demand ones for the whole rest."""


def decide(hours_left, work_left, spot_there, running, overhead):
    """Return "spot", "on_demand" or "wait" for the next step."""
    if hours_left < work_left + 0.5 * work_left + overhead:
        return "on_demand"
    return "spot" if spot_there else "wait"
