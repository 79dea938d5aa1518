#pragma once

// Two connections joined byte for byte in both directions, half closes included.

#include <string_view>

#include "base/stream.h"
#include "base/task.h"

namespace proxy {

// Runs until `upstream` has ended and everything it sent is delivered, or either side is gone.
// Ends `client`'s half, but does not close. The streams must outlive it.
base::Task<> tunnel(base::Stream& exchange, base::Stream& upstream);

// Waits, discarding what comes, until the other side closes too; a second at most. Closing a socket
// that holds unread bytes would make the peer lose the end of what was sent to it.
base::Task<> lingerClose(base::Stream& stream);

}  // namespace proxy
