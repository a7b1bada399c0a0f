#!/usr/bin/env bash
# What the action runs. Everything comes by the environment, so that no input can become a command. Lists are separated by blanks or
# line breaks.
set -uo pipefail
read -r -d '' -a inputs <<<"${INPUTS:-.}"
read -r -d '' -a arguments <<<"${ARGUMENTS:-}"
case "${RENDER:-false}" in
    true | false) ;;
    *) echo "::error title=wukong-render::render is true or false, not ${RENDER}"; exit 2 ;;
esac

# The log is for code scanning and decides nothing: the step below does. Without findings it is not empty; without a run it is not there.
if [ -n "${SARIF:-}" ]; then
    wukong-render check --quiet --format sarif ${arguments[@]+"${arguments[@]}"} "${inputs[@]}" >"$SARIF" || [ $? = 1 ] || rm -f "$SARIF"
fi
if [ -z "${OUTPUT:-}" ]; then
    exec wukong-render check --format github ${arguments[@]+"${arguments[@]}"} "${inputs[@]}"
elif [ "${RENDER:-}" = true ]; then
    exec wukong-render --format github ${arguments[@]+"${arguments[@]}"} "${inputs[@]}" "$OUTPUT"
fi
wukong-render --check --format github ${arguments[@]+"${arguments[@]}"} "${inputs[@]}" "$OUTPUT"
status=$?
if [ "$status" = 1 ]; then
    again="wukong-render ${arguments[*]+"${arguments[*]} "}${inputs[*]} $OUTPUT"
    echo "::notice title=wukong-render::with errors, mend them; with drift, run ${again//%/%25} and commit the result"
fi
exit "$status"
