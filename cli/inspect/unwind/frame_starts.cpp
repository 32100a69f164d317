#include "unwind/frame_starts.hpp"

#include <gelf.h>

#include <cstring>
#include <optional>
#include <unordered_map>

namespace tasks::inspect {

namespace {

// Pointer encodings: the low four bits tell size and sign, the next three what the value is relative to.
constexpr std::uint8_t no_pointer = 0xff;
constexpr std::uint8_t relative_to_itself = 0x10;

class Cursor {
public:
    Cursor(std::string_view bytes, std::size_t at) : bytes_(bytes), at_(at) {}

    std::size_t at() const { return at_; }
    bool good() const { return good_; }

    template <class Number> Number number() {
        Number value{};
        if (!good_ || bytes_.size() - at_ < sizeof value)
            return good_ = false, value;
        std::memcpy(&value, bytes_.data() + at_, sizeof value);
        at_ += sizeof value;
        return value;
    }
    void skip_leb128() {
        while (number<std::uint8_t>() & 0x80) {
        }
    }
    std::string_view text() {
        const std::size_t end = good_ ? bytes_.find('\0', at_) : std::string_view::npos;
        if (end == std::string_view::npos)
            return good_ = false, std::string_view{};
        const auto found = bytes_.substr(at_, end - at_);
        at_ = end + 1;
        return found;
    }
    /// The value alone, as it stands there.
    std::uint64_t pointer(std::uint8_t encoding) {
        switch (encoding & 0x0f) {
        case 0x00:
        case 0x04:
        case 0x0c:
            return number<std::uint64_t>();
        case 0x02:
            return number<std::uint16_t>();
        case 0x03:
            return number<std::uint32_t>();
        case 0x0a:
            return static_cast<std::uint64_t>(std::int64_t{number<std::int16_t>()});
        case 0x0b:
            return static_cast<std::uint64_t>(std::int64_t{number<std::int32_t>()});
        default:
            return good_ = false, 0;
        }
    }

private:
    std::string_view bytes_;
    std::size_t at_ = 0;
    bool good_ = true;
};

// How the entries that belong to a CIE, whose version is next, write addresses.
std::uint8_t address_encoding(Cursor cie) {
    const auto version = cie.number<std::uint8_t>();
    const auto augmentation = cie.text();
    cie.skip_leb128(); // code and data alignment
    cie.skip_leb128();
    version == 1 ? static_cast<void>(cie.number<std::uint8_t>()) : cie.skip_leb128(); // return address
    if (!augmentation.starts_with('z'))
        return augmentation.empty() ? 0 : no_pointer;
    cie.skip_leb128();
    for (const char letter : augmentation.substr(1)) {
        if (letter == 'R')
            return cie.good() ? cie.number<std::uint8_t>() : no_pointer;
        if (letter == 'P')
            cie.pointer(cie.number<std::uint8_t>());
        else if (letter == 'L')
            cie.number<std::uint8_t>();
        else if (letter != 'S' && letter != 'B')
            return no_pointer;
    }
    return 0;
}

std::optional<std::uint64_t> start_in(Cursor fde, std::uint64_t section, std::uint8_t encoding) {
    const std::uint64_t here = section + fde.at();
    const std::uint8_t base = encoding & 0x70;
    if (encoding == no_pointer || (encoding & 0x80) != 0 || (base != 0 && base != relative_to_itself))
        return std::nullopt;
    const std::uint64_t value = fde.pointer(encoding);
    return fde.good() ? std::optional{value + (base == 0 ? 0 : here)} : std::nullopt;
}

} // namespace

std::vector<std::uint64_t> frame_starts(std::string_view eh_frame, std::uint64_t address, std::size_t most) {
    std::vector<std::uint64_t> starts;
    std::unordered_map<std::size_t, std::uint8_t> encodings; // by the place of the CIE
    for (std::size_t at = 0; starts.size() < most;) {
        Cursor entry{eh_frame, at};
        const auto length = entry.number<std::uint32_t>();
        const std::size_t id_at = entry.at();
        const auto id = entry.number<std::uint32_t>();
        if (!entry.good() || length < sizeof id || length > eh_frame.size() - id_at)
            break; // also at the zero that ends the list, and at entries of 4 GiB
        if (id == 0) {
            encodings[at] = address_encoding(entry);
        } else if (const auto cie = encodings.find(id_at - id); cie != encodings.end()) {
            if (const auto start = start_in(entry, address, cie->second))
                starts.push_back(*start);
        }
        at = id_at + length;
    }
    return starts;
}

std::vector<std::uint64_t> frame_starts(Elf* elf, std::size_t most) {
    std::size_t names = 0;
    if (elf_getshdrstrndx(elf, &names) != 0)
        return {};
    for (Elf_Scn* section = nullptr; (section = elf_nextscn(elf, section)) != nullptr;) {
        GElf_Shdr header;
        if (gelf_getshdr(section, &header) == nullptr || header.sh_type == SHT_NOBITS)
            continue;
        const char* name = elf_strptr(elf, names, header.sh_name);
        if (name == nullptr || std::string_view{name} != ".eh_frame")
            continue;
        const Elf_Data* data = elf_rawdata(section, nullptr);
        if (data == nullptr || data->d_buf == nullptr)
            return {};
        return frame_starts({static_cast<const char*>(data->d_buf), data->d_size}, header.sh_addr, most);
    }
    return {};
}

} // namespace tasks::inspect
