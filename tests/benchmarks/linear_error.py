#!/usr/bin/env python3
"""What the linear and the DC power flow of cases are wrong by, against AC, as a table.

    linear_error.py GRIDPLUS CASE.m...
"""
import json
import subprocess
import sys


def solve(program, case, method):
    out = subprocess.run([program, "powerflow", case, "--method", method, "--json"], check=True, capture_output=True)
    return json.loads(out.stdout)


def largest(ours, exact, counts):
    return max(abs(a - b) for a, b, c in zip(ours, exact, counts) if c)


def main(program, cases):
    print("| case | method | dV p.u. | angle, degrees | loading, points | P of a branch, MW | losses / AC | mismatch p.u. |")
    print("|---|---|---|---|---|---|---|---|")
    for case in cases:
        exact = solve(program, case, "ac")
        live, closed = exact["bus"]["energised"], exact["branch"]["closed"]
        for method in ("linear", "dc"):
            flow = solve(program, case, method)
            bus = [largest(flow["bus"][key], exact["bus"][key], live) for key in ("vm_pu", "va_deg")]
            branch = [largest(flow["branch"][key], exact["branch"][key], closed) for key in ("loading_percent", "p_from_mw")]
            losses = flow["total"]["losses_mw"] / exact["total"]["losses_mw"]
            name = case.rsplit("/", 1)[-1].removesuffix(".m")
            print(f"| {name} | {method} | {bus[0]:.2g} | {bus[1]:.2g} | {branch[0]:.2g} | {branch[1]:.3g} | {losses:.3f} "
                  f"| {flow['max_mismatch_pu']:.2g} |")


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2:])
