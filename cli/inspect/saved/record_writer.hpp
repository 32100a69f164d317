// Writes the fields of one record by protozero: proto3's rules (a default is left out, an optional value that is not
// known too). An Archive of record_fields.hpp. One thread at a time.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <protozero/pbf_writer.hpp>

#include "saved/record_fields.hpp"
#include "saved/snapshot_format.hpp"

namespace tasks::inspect::saved {

class RecordWriter {
public:
    RecordWriter(std::string& into, bool raw) : writer_(into), raw_(raw) {}

    void number(std::uint32_t field, std::uint64_t value) {
        if (value != 0) {
            writer_.add_uint64(field, value);
        }
    }
    template <class Number> void number(std::uint32_t field, const std::optional<Number>& value) {
        if (value) {
            writer_.add_uint64(field, *value);
        }
    }
    void signed_number(std::uint32_t field, const std::optional<std::int64_t>& value) {
        if (value) {
            writer_.add_sint64(field, *value);
        }
    }
    /// From 0; absent: -1.
    void index(std::uint32_t field, std::int32_t value) {
        if (value >= 0) {
            writer_.add_uint32(field, static_cast<std::uint32_t>(value));
        }
    }
    /// From 0; absent: all bits set.
    void index(std::uint32_t field, std::uint32_t value) {
        if (value != ~0u) {
            writer_.add_uint32(field, value);
        }
    }
    void fixed(std::uint32_t field, std::uint64_t value) {
        if (value != 0) {
            writer_.add_fixed64(field, value);
        }
    }
    void flag(std::uint32_t field, bool value) { number(field, std::uint64_t{value}); }
    void known_flag(std::uint32_t field, const std::optional<bool>& value) {
        if (value) {
            writer_.add_bool(field, *value);
        }
    }
    template <class Value> void enumeration(std::uint32_t field, Value value, Value) {
        number(field, static_cast<std::uint64_t>(value));
    }
    template <class Value> void enumeration(std::uint32_t field, const std::optional<Value>& value, Value) {
        if (value) {
            writer_.add_uint64(field, static_cast<std::uint64_t>(*value));
        }
    }
    void text(std::uint32_t field, std::string_view value) {
        value = value.substr(0, max_text_bytes);
        if (!value.empty()) {
            writer_.add_bytes(field, value.data(), value.size());
        }
    }
    template <class Numbers> void numbers(std::uint32_t field, const Numbers& values, std::size_t) {
        writer_.add_packed_uint64(field, values.begin(), values.end());
    }
    void array(std::uint32_t field, const std::array<std::uint64_t, 6>& values) {
        if (values != std::array<std::uint64_t, 6>{}) {
            writer_.add_packed_uint64(field, values.begin(), values.end());
        }
    }
    void fixed_numbers(std::uint32_t field, const std::vector<std::uint64_t>& values, std::size_t) {
        writer_.add_packed_fixed64(field, values.begin(), values.end());
    }
    void flags(std::uint32_t field, const std::vector<bool>& values, std::size_t) {
        writer_.add_packed_bool(field, values.begin(), values.end());
    }
    template <class Message> void message(std::uint32_t field, const Message& value) {
        protozero::pbf_writer inside{writer_, field};
        RecordWriter{inside, raw_}.all(value);
    }
    template <class Message> void message(std::uint32_t field, const std::optional<Message>& value) {
        if (value) {
            message(field, *value);
        }
    }
    template <class Message> void list(std::uint32_t field, const std::vector<Message>& values, std::size_t) {
        std::string element; // protozero leaves an empty message out, which would renumber those that follow
        for (const auto& value : values) {
            element.clear();
            RecordWriter{element, raw_}.all(value);
            writer_.add_message(field, element);
        }
    }
    /// A list that may be empty or not known: the flag `known` tells them apart.
    template <class Message>
    void known_list(std::uint32_t known, std::uint32_t field, const std::optional<std::vector<Message>>& values,
                    std::size_t most) {
        if (values) {
            flag(known, true);
            list(field, *values, most);
        }
    }
    void raw(std::uint32_t field, std::string_view bytes, std::size_t most) {
        if (raw_ && !bytes.empty()) {
            bytes = bytes.substr(0, most);
            writer_.add_bytes(field, bytes.data(), bytes.size());
        }
    }
    void raw_numbers(std::uint32_t field, const std::vector<std::uint64_t>& values, std::size_t most) {
        if (raw_) {
            fixed_numbers(field, values, most);
        }
    }

    /// fields() takes what it may read into; this archive only looks.
    template <class Message> void all(const Message& value) { fields(*this, const_cast<Message&>(value)); }

private:
    RecordWriter(protozero::pbf_writer& writer, bool raw) : writer_(std::move(writer)), raw_(raw) {}

    protozero::pbf_writer writer_;
    bool raw_;
};

} // namespace tasks::inspect::saved
