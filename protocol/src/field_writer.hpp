// Writes one message's fields into a protozero buffer: proto3's rules (a default is left out) and this protocol's
// caps (a longer text is cut and ends in "...", so that the peer need not refuse the whole answer).
// Buffer: std::string, or FixedBuffer where nothing may be allocated. One thread at a time.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include <protozero/basic_pbf_writer.hpp>
#include <protozero/buffer_string.hpp>

#include <tasks/protocol/messages.hpp>

namespace tasks::protocol {

template <class Buffer> class FieldWriter {
public:
    explicit FieldWriter(Buffer& buffer) noexcept : buffer_(buffer), writer_(buffer) {}

    template <class Field> void number(Field field, std::uint64_t value) {
        if (value != 0)
            writer_.add_uint64(tag(field), value);
    }
    template <class Field, class Number> void number(Field field, const std::optional<Number>& value) {
        if (value)
            writer_.add_uint64(tag(field), *value);
    }
    template <class Field> void signed_number(Field field, const std::optional<std::int64_t>& value) {
        if (value)
            writer_.add_sint64(tag(field), *value);
    }
    template <class Field, class Value> void enumeration(Field field, Value value) {
        number(field, static_cast<std::uint64_t>(value));
    }
    template <class Field> void flag(Field field, bool value) { number(field, std::uint64_t{value}); }

    /// Addresses and times: eight bytes each, where a varint takes seven or eight and longer to read.
    template <class Field> void fixed(Field field, std::uint64_t value) {
        if (value != 0)
            writer_.add_fixed64(tag(field), value);
    }

    template <class Field> void text(Field field, std::string_view value) {
        constexpr std::string_view cut_mark = "...";
        if (value.size() > max_string_bytes)
            writer_.add_bytes_vectored(tag(field), value.substr(0, max_string_bytes - cut_mark.size()), cut_mark);
        else
            bytes(field, value);
    }
    template <class Field> void bytes(Field field, std::string_view value) {
        if (!value.empty())
            writer_.add_bytes(tag(field), value.data(), value.size());
    }

    template <class Field, class Numbers> void packed(Field field, const Numbers& numbers) {
        writer_.add_packed_uint64(tag(field), numbers.begin(), numbers.end());
    }

    template <class Field, class Numbers> void packed_fixed(Field field, const Numbers& numbers) {
        writer_.add_packed_fixed64(tag(field), numbers.begin(), numbers.end());
    }

    /// An element of a repeated message, also where all its fields have their defaults.
    template <class Field, class Message> void element(Field field, const Message& message) {
        const auto before = buffer_size();
        {
            FieldWriter inside{*this, tag(field)};
            write_fields(inside, message);
        }
        if (buffer_size() == before)
            writer_.add_bytes(tag(field), "", 0);
    }

private:
    FieldWriter(FieldWriter& parent, protozero::pbf_tag_type tag)
        : buffer_(parent.buffer_), writer_(parent.writer_, tag) {}

    template <class Field> static constexpr protozero::pbf_tag_type tag(Field field) noexcept {
        return static_cast<protozero::pbf_tag_type>(field);
    }
    std::size_t buffer_size() const { return protozero::buffer_customization<Buffer>::size(&buffer_); }

    Buffer& buffer_;
    protozero::basic_pbf_writer<Buffer> writer_;
};

} // namespace tasks::protocol
