# Completions of retrylab for fish. The program itself says what may follow.
function __retrylab_complete
    # A quote that is open is not part of the word.
    set -l current (commandline -ct | string trim --left --chars "'\"")
    for line in (command retrylab complete fish (commandline -opc) "$current" 2>/dev/null)
        if test "$line" = :files
            __fish_complete_path (commandline -ct)
        else
            echo -- $line
        end
    end
end
complete -c retrylab -f -a '(__retrylab_complete)'
