#compdef retrylab
# Completions of retrylab for zsh. The program itself says what may follow.
_retrylab() {
    local line value files=0 found=1
    local -a texts shown open open_shown
    while IFS= read -r line; do
        value=${line%%$'\t'*}
        case $line in
            :files) files=1 ;;
            *=$'\t'* | *=) open+=("$value"); open_shown+=("${line/$'\t'/  -- }") ;;
            *) texts+=("$value"); shown+=("${line/$'\t'/  -- }") ;;
        esac
    done < <(command retrylab complete zsh "${(@Q)words[1,CURRENT-1]}" "${(Q)PREFIX}" 2>/dev/null)
    # What ends in `=` is followed by its value, not by a space.
    (( $#open )) && compadd -l -S '' -d open_shown -a open && found=0
    (( $#texts )) && compadd -l -d shown -a texts && found=0
    (( files )) && _files && found=0
    return found
}
if [[ $funcstack[1] == _retrylab ]]; then
    _retrylab "$@"
else
    compdef _retrylab retrylab
fi
