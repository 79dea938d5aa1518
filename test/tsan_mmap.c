// Lets Criterion run under the thread sanitizer; test/run preloads it there.
//
// What Criterion's worker processes inherit lies in memory at addresses that Criterion chooses
// itself: one that mincore calls free and MAP_FIXED then takes. It looks for them where the
// sanitizer has its own memory, and gives up. Here every address is free, and the memory comes to
// the lowest part of what the sanitizer leaves to the program.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/types.h>

int mincore(void* address, size_t length, unsigned char* pages) {
  (void)address, (void)length, (void)pages;
  errno = ENOMEM;
  return -1;
}

// Criterion calls mmap by this name.
void* mmap64(void* address, size_t length, int protection, int flags, int fd, off64_t offset) {
  void* (*next)(void*, size_t, int, int, int, off64_t) = dlsym(RTLD_NEXT, "mmap64");
  // The parent shares what it then fills; the workers map it privately at the address they are told.
  if ((flags & MAP_FIXED) && (flags & MAP_SHARED) && fd >= 0) {
    static uintptr_t place = 0x7e8000000000;
    address = (void*)place;
    place += 1 << 24;
  }
  return next(address, length, protection, flags, fd, offset);
}
