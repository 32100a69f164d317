// Reads the fields of one record from a file that anybody may have written: every wire type, length and number is
// checked, what is wrong is thrown as Damaged (or protozero's own exception) and caught by SnapshotReader. Fields that
// are not known are skipped. An Archive of record_fields.hpp; keeps views into the bytes. One thread at a time.
#pragma once

#include <array>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <protozero/pbf_reader.hpp>

#include "saved/record_fields.hpp"
#include "saved/snapshot_format.hpp"

namespace tasks::inspect::saved {

struct Damaged {};

class RecordReader {
public:
    explicit RecordReader(std::string_view bytes) : reader_(bytes.data(), bytes.size()) {}

    /// Every field of the record.
    template <class Message> void all(Message& into) {
        while (reader_.next()) {
            taken_ = false;
            fields(*this, into);
            if (!taken_) {
                reader_.skip();
            }
        }
    }

    void number(std::uint32_t field, std::uint64_t& into) {
        if (is(field)) {
            into = varint();
        }
    }
    void number(std::uint32_t field, std::uint32_t& into) {
        if (is(field)) {
            into = narrow(varint());
        }
    }
    template <class Number> void number(std::uint32_t field, std::optional<Number>& into) {
        if (is(field)) {
            taken_ = false;
            number(field, into.emplace());
        }
    }
    void signed_number(std::uint32_t field, std::optional<std::int64_t>& into) {
        if (is(field)) {
            into = protozero::decode_zigzag64(varint());
        }
    }
    void index(std::uint32_t field, std::int32_t& into) {
        if (is(field)) {
            const auto value = varint();
            must(value <= static_cast<std::uint64_t>(std::numeric_limits<std::int32_t>::max()));
            into = static_cast<std::int32_t>(value);
        }
    }
    /// Absent: all bits set.
    void index(std::uint32_t field, std::uint32_t& into) {
        if (is(field)) {
            into = narrow(varint());
        }
    }
    void fixed(std::uint32_t field, std::uint64_t& into) {
        if (is(field)) {
            must(reader_.wire_type() == protozero::pbf_wire_type::fixed64);
            into = reader_.get_fixed64();
        }
    }
    void flag(std::uint32_t field, bool& into) {
        if (is(field)) {
            into = varint() != 0;
        }
    }
    void known_flag(std::uint32_t field, std::optional<bool>& into) {
        if (is(field)) {
            into = varint() != 0;
        }
    }
    /// A value that this version does not know is the default.
    template <class Value> void enumeration(std::uint32_t field, Value& into, Value last) {
        if (is(field)) {
            const auto value = varint();
            into = value <= static_cast<std::uint64_t>(last) ? static_cast<Value>(value) : Value{};
        }
    }
    template <class Value> void enumeration(std::uint32_t field, std::optional<Value>& into, Value last) {
        if (is(field)) {
            taken_ = false;
            enumeration(field, into.emplace(), last);
        }
    }
    void text(std::uint32_t field, std::string& into) { bytes(field, into, max_text_bytes); }
    template <class Number> void numbers(std::uint32_t field, std::vector<Number>& into, std::size_t most) {
        each(field, [&](std::uint64_t value) {
            must(into.size() < most);
            if constexpr (sizeof(Number) == 4) {
                into.push_back(narrow(value));
            } else {
                into.push_back(value);
            }
        });
    }
    void flags(std::uint32_t field, std::vector<bool>& into, std::size_t most) {
        each(field, [&](std::uint64_t value) {
            must(into.size() < most);
            into.push_back(value != 0);
        });
    }
    void array(std::uint32_t field, std::array<std::uint64_t, 6>& into) {
        each(field, [&](std::uint64_t value) {
            must(array_filled_ < into.size());
            into[array_filled_++] = value;
        });
    }
    void fixed_numbers(std::uint32_t field, std::vector<std::uint64_t>& into, std::size_t most) {
        if (is(field)) {
            must(reader_.wire_type() == protozero::pbf_wire_type::length_delimited);
            for (const auto value : reader_.get_packed_fixed64()) {
                must(into.size() < most);
                into.push_back(value);
            }
        }
    }
    template <class Message> void message(std::uint32_t field, Message& into) {
        if (is(field)) {
            RecordReader{view()}.all(into);
        }
    }
    template <class Message> void message(std::uint32_t field, std::optional<Message>& into) {
        if (is(field)) {
            RecordReader{view()}.all(into.emplace());
        }
    }
    template <class Message> void list(std::uint32_t field, std::vector<Message>& into, std::size_t most) {
        if (is(field)) {
            must(into.size() < most);
            RecordReader{view()}.all(into.emplace_back());
        }
    }
    template <class Message>
    void known_list(std::uint32_t known, std::uint32_t field, std::optional<std::vector<Message>>& into,
                    std::size_t most) {
        bool is_known = false;
        flag(known, is_known);
        if (is_known && !into) {
            into.emplace();
        }
        if (!taken_ && is(field)) {
            taken_ = false;
            list(field, into ? *into : into.emplace(), most);
        }
    }
    void raw(std::uint32_t field, std::string& into, std::size_t most) { bytes(field, into, most); }
    void raw_numbers(std::uint32_t field, std::vector<std::uint64_t>& into, std::size_t most) {
        fixed_numbers(field, into, most);
    }

private:
    static void must(bool holds) {
        if (!holds) {
            throw Damaged{};
        }
    }
    static std::uint32_t narrow(std::uint64_t value) {
        must(value <= std::numeric_limits<std::uint32_t>::max());
        return static_cast<std::uint32_t>(value);
    }
    bool is(std::uint32_t field) noexcept {
        const bool same = !taken_ && reader_.tag() == field;
        taken_ = taken_ || same;
        return same;
    }
    std::uint64_t varint() {
        must(reader_.wire_type() == protozero::pbf_wire_type::varint);
        return reader_.get_uint64();
    }
    std::string_view view() {
        must(reader_.wire_type() == protozero::pbf_wire_type::length_delimited);
        const auto bytes = reader_.get_view();
        return {bytes.data(), bytes.size()};
    }
    void bytes(std::uint32_t field, std::string& into, std::size_t most) {
        if (is(field)) {
            const auto value = view();
            must(value.size() <= most);
            into = value;
        }
    }
    /// Packed or, as proto3 allows, one by one.
    template <class Take> void each(std::uint32_t field, Take take) {
        if (!is(field)) {
            return;
        }
        if (reader_.wire_type() == protozero::pbf_wire_type::varint) {
            take(reader_.get_uint64());
            return;
        }
        must(reader_.wire_type() == protozero::pbf_wire_type::length_delimited);
        for (const auto value : reader_.get_packed_uint64()) {
            take(value);
        }
    }

    protozero::pbf_reader reader_;
    std::size_t array_filled_ = 0; // one array a message
    bool taken_ = false;
};

} // namespace tasks::inspect::saved
