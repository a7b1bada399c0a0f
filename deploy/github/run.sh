#!/usr/bin/env bash
# What the action runs. Everything comes by the environment, so that no input can become a command.
set -uo pipefail
read -ra inputs <<<"${INPUTS:-.}"
read -ra arguments <<<"${ARGUMENTS:-}"

# The log is for code scanning and decides nothing: the step below does.
if [ -n "${SARIF:-}" ]; then
    wukong-render check --quiet --format sarif "${arguments[@]}" "${inputs[@]}" >"$SARIF"
fi
if [ -z "${OUTPUT:-}" ]; then
    exec wukong-render check --format github "${arguments[@]}" "${inputs[@]}"
elif [ "${RENDER:-}" = true ]; then
    exec wukong-render --format github "${arguments[@]}" "${inputs[@]}" "$OUTPUT"
fi
wukong-render --check --format github "${arguments[@]}" "${inputs[@]}" "$OUTPUT"
status=$?
if [ "$status" = 1 ]; then
    echo "::notice title=wukong-render::with errors, mend them; with drift, run wukong-render ${inputs[*]} $OUTPUT and commit the result"
fi
exit "$status"
