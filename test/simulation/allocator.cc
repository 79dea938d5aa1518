// Memory for the simulation, which spends a good part of its time on messages that are made, sent
// and gone: freed blocks are kept by size and handed out again. It has one thread, and runs for
// minutes, so there are no locks, and nothing is given back. Not with the sanitizers, which have to
// see each block.

#include <array>
#include <cstdint>
#include <cstdlib>
#include <new>

#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)

namespace {

constexpr size_t step = 16;        // sizes are rounded up to it, and blocks aligned to it
constexpr size_t maxPooled = 512;  // larger ones are malloc's
constexpr size_t chunk = 256 * 1024;

// Before each block.
struct alignas(step) Header {
  size_t size;
};
struct Free {
  Free* next;
};

std::array<Free*, maxPooled / step + 1> freeBlocks;
char* fresh = nullptr;
size_t freshLeft = 0;

void* allocate(size_t size) {
  size_t steps = (size + step - 1) / step;
  size_t total = sizeof(Header) + steps * step;
  if (steps < freeBlocks.size() && freeBlocks[steps]) {
    Free* block = freeBlocks[steps];
    freeBlocks[steps] = block->next;
    return block;
  }
  char* place = nullptr;
  if (steps >= freeBlocks.size()) {
    place = static_cast<char*>(std::malloc(total));
  } else {
    if (freshLeft < total) {
      fresh = static_cast<char*>(std::malloc(chunk));
      freshLeft = fresh ? chunk : 0;
    }
    if (freshLeft >= total) {
      place = fresh;
      fresh += total;
      freshLeft -= total;
    }
  }
  if (!place) throw std::bad_alloc();
  return new (place) Header{steps} + 1;
}

void release(void* block) noexcept {
  if (!block) return;
  Header* header = static_cast<Header*>(block) - 1;
  size_t steps = header->size;
  if (steps >= freeBlocks.size()) return std::free(header);
  freeBlocks[steps] = new (block) Free{freeBlocks[steps]};
}

}  // namespace

void* operator new(size_t size) {
  return allocate(size > 0 ? size : 1);
}
void operator delete(void* block) noexcept {
  release(block);
}
void operator delete(void* block, size_t) noexcept {
  release(block);
}

#endif
