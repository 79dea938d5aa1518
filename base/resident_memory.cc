#include "base/resident_memory.h"

#include <link.h>
#include <malloc.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cstdint>

namespace base {
namespace {

// Of the program and each library: the segments that nobody may write to, so that no page of them
// can differ from the file (relocated data lies in a writable one, also where it is protected
// later).
int releaseReadOnly(dl_phdr_info* object, size_t, void*) {
  auto page = static_cast<uintptr_t>(::sysconf(_SC_PAGESIZE));
  for (int i = 0; i < object->dlpi_phnum; i++) {
    const ElfW(Phdr)& segment = object->dlpi_phdr[i];
    bool isFromFile = segment.p_type == PT_LOAD && segment.p_filesz == segment.p_memsz;
    if (!isFromFile || (segment.p_flags & PF_W)) continue;
    uintptr_t begin = (object->dlpi_addr + segment.p_vaddr + page - 1) / page * page;
    uintptr_t end = (object->dlpi_addr + segment.p_vaddr + segment.p_memsz) / page * page;
    // NOLINTNEXTLINE(performance-no-int-to-ptr): the loader tells addresses as numbers
    if (begin < end) ::madvise(reinterpret_cast<void*>(begin), end - begin, MADV_DONTNEED);
  }
  return 0;
}

}  // namespace

void releaseStartUpMemory() {
  ::malloc_trim(0);
  ::dl_iterate_phdr(releaseReadOnly, nullptr);
}

void releaseUnusedHeap(size_t least) {
  struct mallinfo2 heap = ::mallinfo2();
  if (heap.fordblks > least && heap.fordblks > heap.uordblks) ::malloc_trim(0);
}

}  // namespace base
