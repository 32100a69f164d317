// One object in a page of its own that the kernel fills with zeros in a forked child (MADV_WIPEONFORK; raw clone()
// without CLONE_VM too): the parent's agent is not the child's, and its locks are open there. The object must be
// valid when all bytes are zero. Made once, never freed. Any thread.
#pragma once

#include <sys/mman.h>

#include <atomic>

namespace tasks::agent {

template <class T> class WipedPage {
public:
    /// Null until made.
    T* get() const noexcept { return object_.load(std::memory_order_acquire); }

    /// Null: no memory.
    T* make() noexcept {
        if (T* there = get(); there != nullptr)
            return there;
        void* page = ::mmap(nullptr, sizeof(T), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        if (page == MAP_FAILED)
            return nullptr;
        T* expected = nullptr;
        if (::madvise(page, sizeof(T), MADV_WIPEONFORK) != 0 ||
            !object_.compare_exchange_strong(expected, static_cast<T*>(page), std::memory_order_acq_rel)) {
            ::munmap(page, sizeof(T));
            return expected;
        }
        return static_cast<T*>(page);
    }

private:
    std::atomic<T*> object_{nullptr};
};

} // namespace tasks::agent
