# Completions of retrylab for bash. The program itself says what may follow.
_retrylab() {
    local reply
    COMPREPLY=()
    while IFS= read -r reply; do
        if [[ $reply == :files ]]; then
            compopt -o filenames 2>/dev/null
            while IFS= read -r reply; do
                COMPREPLY+=("$reply")
            done < <(compgen -f -- "$2")
        else
            [[ $reply == *= ]] && compopt -o nospace 2>/dev/null
            COMPREPLY+=("$reply")
        fi
    done < <(command retrylab complete bash "${COMP_LINE:0:COMP_POINT}" "$2" 2>/dev/null)
}
complete -F _retrylab retrylab
