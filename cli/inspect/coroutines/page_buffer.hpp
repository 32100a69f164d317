// Memory for copies of a process's memory: pages of its own, which go back to the kernel. A process that looks at
// itself would find the frames again in what it had freed. Zeros at first. One owner; any thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <new>
#include <span>
#include <utility>

#include <sys/mman.h>

namespace tasks::inspect {

class PageBuffer {
public:
    PageBuffer() noexcept = default;
    explicit PageBuffer(std::size_t words) : bytes_(words * sizeof(std::uint64_t)) {
        void* const made = ::mmap(nullptr, bytes_, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        if (made == MAP_FAILED)
            throw std::bad_alloc();
        start_ = static_cast<std::uint64_t*>(made);
    }
    PageBuffer(PageBuffer&& other) noexcept
        : start_(std::exchange(other.start_, nullptr)), bytes_(std::exchange(other.bytes_, 0)) {}
    PageBuffer& operator=(PageBuffer&& other) noexcept {
        std::swap(start_, other.start_);
        std::swap(bytes_, other.bytes_);
        return *this;
    }
    ~PageBuffer() {
        if (start_ != nullptr)
            ::munmap(start_, bytes_);
    }

    std::uint64_t* data() const noexcept { return start_; }
    std::size_t size() const noexcept { return bytes_ / sizeof(std::uint64_t); }
    std::span<char> bytes() const noexcept { return {reinterpret_cast<char*>(start_), bytes_}; }
    std::uint64_t operator[](std::size_t at) const noexcept { return start_[at]; }

private:
    std::uint64_t* start_ = nullptr;
    std::size_t bytes_ = 0;
};

} // namespace tasks::inspect
