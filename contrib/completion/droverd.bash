# Bash completion for droverd. The flags come from "droverd --help", so that none is missing here.

_droverd() {
  local current=$2 previous=$3
  COMPREPLY=()

  case $previous in
    --config | --tls-ca | --tls-cert | --tls-key)
      compopt -o filenames
      mapfile -t COMPREPLY < <(compgen -f -- "$current")
      return
      ;;
    --state-dir)
      compopt -o filenames
      mapfile -t COMPREPLY < <(compgen -d -- "$current")
      return
      ;;
    --log-level)
      mapfile -t COMPREPLY < <(compgen -W "trace debug info warn error" -- "$current")
      return
      ;;
    --log-format)
      mapfile -t COMPREPLY < <(compgen -W "text json" -- "$current")
      return
      ;;
    --socket-owner)
      mapfile -t COMPREPLY < <(compgen -u -- "$current")
      return
      ;;
    --socket-group)
      mapfile -t COMPREPLY < <(compgen -g -- "$current")
      return
      ;;
  esac

  local flags words=()
  if [[ ${COMP_WORDS[1]} == client-cert && $COMP_CWORD -gt 1 ]]; then
    case $previous in
      --out)
        compopt -o filenames
        mapfile -t COMPREPLY < <(compgen -d -- "$current")
        return
        ;;
    esac
    words=(client-cert)
  fi
  flags=$("$1" "${words[@]}" --help 2>/dev/null | grep -oE '^ +(-h,)?--[a-z-]+' | grep -oE -- '--[a-z-]+')
  # A flag that takes a value, but none that we could guess.
  if [[ $previous == --* && $previous != @(--help|--version|--check-config) ]]; then
    return
  fi
  [[ $COMP_CWORD != 1 ]] || flags+=" client-cert"
  mapfile -t COMPREPLY < <(compgen -W "$flags" -- "$current")
}

complete -F _droverd droverd
