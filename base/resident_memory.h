#pragma once

// Gives memory back to the kernel that only a start needed. Much of what a process has resident
// after its start is code of libraries that ran once: setting up TLS, opening a database, reading
// settings.

namespace base {

// Lets go of the pages of code and constants that the kernel can read again from their files, and
// of free heap. What is needed after all comes back by itself, a page fault each. Changes nothing
// but what is resident; costs about a millisecond, so it is for seldom events.
void releaseStartUpMemory();

}  // namespace base
