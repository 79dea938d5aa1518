#pragma once

// Gives memory back to the kernel that only a start, or a load that is over, needed. Much of what a
// process has resident after its start is code of libraries that ran once: setting up TLS, opening
// a database, reading settings.

#include <cstddef>

namespace base {

// Lets go of the pages of code and constants that the kernel can read again from their files, and
// of free heap. What is needed after all comes back by itself, a page fault each. Changes nothing
// but what is resident; costs about a millisecond, so it is for seldom events.
void releaseStartUpMemory();

// Gives free heap back if it is more than `least` bytes and more than what is in use: what a load
// took that is over.
void releaseUnusedHeap(size_t least);

}  // namespace base
