# SPDX-License-Identifier: GPL-2.0
# Completion of mmscope for bash. The words are the program's own (cmds.def, fields.def), asked of
# it when they are needed: nothing is listed here.

_mmscope()
{
	local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD-1]} tool=${COMP_WORDS[0]}
	local noun= word words

	for word in "${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
		if [[ $word != -* ]] && "$tool" --complete 2>/dev/null | grep -qxFe "$word"; then
			noun=$word
			break
		fi
	done
	COMPREPLY=()
	if [[ -z $noun ]]; then
		words=$("$tool" --complete 2>/dev/null)
	elif [[ $prev == -o || $prev == --output ]]; then
		words=$("$tool" --complete "$noun" columns 2>/dev/null)
		# A list: the last name is the one to complete.
		local before=
		[[ $cur == *,* ]] && before=${cur%,*},
		mapfile -t COMPREPLY < <(compgen -P "$before" -W "$words" -- "${cur##*,}")
		compopt -o nospace 2>/dev/null
		return
	elif [[ $cur == -* ]]; then
		words=$("$tool" --complete "$noun" options 2>/dev/null)
	elif [[ $("$tool" --complete "$noun" operands 2>/dev/null) == *PID* ]]; then
		words="self $(cd /proc && printf '%s ' [0-9]*)"
	fi
	mapfile -t COMPREPLY < <(compgen -W "$words" -- "$cur")
}
complete -F _mmscope mmscope
