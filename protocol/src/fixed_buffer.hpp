// Memory of a caller as a buffer for protozero's writers. Never allocates and never throws, other than protozero's
// own fixed buffer, whose exception would be allocated by a thread that must not touch malloc: what does not fit
// is dropped and `fits()` is false from then on. Positions are counted on past the end, so that a writer of a
// submessage closes it over consistent numbers. One thread at a time.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstring>
#include <span>

#include <protozero/buffer_tmpl.hpp>
#include <protozero/varint.hpp>

namespace tasks::protocol {

class FixedBuffer {
public:
    explicit FixedBuffer(std::span<char> memory) noexcept : memory_(memory) {}

    bool fits() const noexcept { return fits_; }
    std::size_t size() const noexcept { return size_; }

    void append(const char* data, std::size_t count) noexcept {
        if (char* to = extend(count); to != nullptr && count != 0)
            std::memcpy(to, data, count);
    }
    void push_back(char byte) noexcept {
        if (char* to = extend(1); to != nullptr)
            *to = byte;
    }
    void append_zeros(std::size_t count) noexcept {
        if (char* to = extend(count); to != nullptr && count != 0)
            std::memset(to, 0, count);
    }
    void shrink(std::size_t size) noexcept { size_ = size; }
    void erase(std::size_t from, std::size_t to) noexcept {
        if (fits_)
            std::memmove(memory_.data() + from, memory_.data() + to, size_ - to);
        size_ -= to - from;
    }

    /// Where a length is written afterwards; a place of no meaning once something did not fit.
    char* at(std::size_t position) noexcept { return fits_ ? memory_.data() + position : nowhere_.data(); }

private:
    char* extend(std::size_t count) noexcept {
        fits_ = fits_ && count <= memory_.size() - size_;
        char* const place = fits_ ? memory_.data() + size_ : nullptr;
        size_ += count;
        return place;
    }

    std::span<char> memory_;
    std::size_t size_ = 0;
    bool fits_ = true;
    std::array<char, protozero::max_varint_length> nowhere_{};
};

} // namespace tasks::protocol

template <> struct protozero::buffer_customization<tasks::protocol::FixedBuffer> {
    using Buffer = tasks::protocol::FixedBuffer;
    static std::size_t size(const Buffer* buffer) noexcept { return buffer->size(); }
    static void append(Buffer* buffer, const char* data, std::size_t count) noexcept { buffer->append(data, count); }
    static void append_zeros(Buffer* buffer, std::size_t count) noexcept { buffer->append_zeros(count); }
    static void resize(Buffer* buffer, std::size_t size) noexcept { buffer->shrink(size); }
    static void reserve_additional(Buffer*, std::size_t) noexcept {}
    static void erase_range(Buffer* buffer, std::size_t from, std::size_t to) noexcept { buffer->erase(from, to); }
    static char* at_pos(Buffer* buffer, std::size_t position) noexcept { return buffer->at(position); }
    static void push_back(Buffer* buffer, char byte) noexcept { buffer->push_back(byte); }
};
