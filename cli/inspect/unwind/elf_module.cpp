#include "unwind/elf_module.hpp"

#include <elf.h>

#include <algorithm>
#include <array>
#include <cstring>

#include "unwind/frame_starts.hpp"
#include "unwind/x86_64.hpp"

namespace tasks::inspect {

namespace {

constexpr std::uint64_t page = 4096;
// libLLVM, the largest library about, has 300,000.
constexpr std::size_t most_function_starts = 4'000'000;

bool covers(const Segment& segment, std::uint64_t offset) {
    const std::uint64_t first = segment.offset & ~(page - 1);
    return offset >= first && offset - first < segment.file_size + (segment.offset - first);
}

} // namespace

std::optional<std::uint64_t> ElfModule::bias_of(const ModuleFacts& mapping) const {
    const Segment* best = nullptr;
    for (const Segment& segment : image_.segments())
        if (covers(segment, mapping.file_offset) && (best == nullptr || (segment.executable && !best->executable)))
            best = &segment;
    if (best == nullptr)
        return std::nullopt;
    const std::uint64_t bias = mapping.start - (best->address - best->offset + mapping.file_offset);
    return bias % page == 0 ? std::optional{bias} : std::nullopt;
}

Dwarf_CFI* ElfModule::frames() {
    if (!std::exchange(frames_tried_, true))
        frames_.reset(dwarf_getcfi_elf(image_.elf()));
    return frames_.get();
}

Dwarf_CFI* ElfModule::debug_frames() { return dwarf() == nullptr ? nullptr : dwarf_getcfi(dwarf()); }

Dwarf* ElfModule::dwarf() {
    open_debug_information();
    return dwarf_.get();
}

bool ElfModule::has_own_debug_information() const {
    return image_.has_section(".debug_info") || image_.has_section(".zdebug_info");
}

const ElfImage* ElfModule::debug_image() {
    if (!std::exchange(debug_file_tried_, true) && !has_own_debug_information())
        debug_file_ = find_debug_file(image_, place_);
    return debug_file_ ? &debug_file_->image : nullptr;
}

void ElfModule::open_debug_information() {
    if (std::exchange(debug_tried_, true))
        return;
    const bool own = has_own_debug_information();
    if (!own && debug_image() == nullptr)
        return;
    ElfImage& from = own ? image_ : debug_file_->image;
    for (const char* section :
         {".debug_line", ".debug_line_str", ".debug_str"}) // libdw 0.188 takes strlen of names there
        from.terminate_section(section);
    dwarf_.reset(dwarf_begin_elf(from.elf(), DWARF_C_READ, nullptr));
    const std::string path = own ? place_.path : debug_file_->path;
    if (!dwarf_)
        problem_ = path + ": its debug information cannot be read (" + dwarf_errmsg(-1) +
                   "): names are from its symbols, without lines; compress it with zlib, or not at all";
    else if (!attach_shared_file(from, path))
        dwarf_.reset();
    split_units_.emplace(place_, path);
}

Dwarf_Die ElfModule::full_unit(Dwarf_Die unit) {
    return split_units_ ? split_units_->full(unit, debug_file_ ? debug_file_->image : image_) : unit;
}

std::vector<std::string> ElfModule::problems() const {
    std::vector<std::string> all;
    for (const std::string& one : {problem_, split_units_ ? split_units_->problem() : std::string{}})
        if (!one.empty())
            all.push_back(one);
    return all;
}

// libdw would open the named path itself, and hang where that is a FIFO: the file is opened here or not at all.
bool ElfModule::attach_shared_file(const ElfImage& image, const std::string& path) {
    auto shared = find_shared_debug_file(image, {place_.pid, path, place_.servers});
    if (!shared.named)
        return true;
    if (!shared.file) {
        problem_ = path + ": the file that dwz moved a part of its debug information to is not there, or another: "
                          "names are from its symbols, without lines; install it";
        return false;
    }
    shared_file_ = std::move(shared.file);
    shared_dwarf_.reset(dwarf_begin_elf(shared_file_->image.elf(), DWARF_C_READ, nullptr));
    if (!shared_dwarf_)
        return false;
    dwarf_setalt(dwarf_.get(), shared_dwarf_.get());
    return true;
}

// .eh_frame_hdr (Linux Standard Base 5.0, 10.6.2): version 1, three encodings, then the table of pairs (start, entry),
// sorted, 32 bits each relative to the header (0x3b) in all that linkers write.
void ElfModule::read_function_starts() {
    if (std::exchange(starts_tried_, true))
        return;
    read_header_of_frames();
    if (function_starts_.empty())
        function_starts_ = frame_starts(image_.elf(), most_function_starts);
    std::sort(function_starts_.begin(), function_starts_.end());
}

void ElfModule::read_header_of_frames() {
    const auto header = image_.header_address(PT_GNU_EH_FRAME);
    unsigned char fixed[12];
    if (!header || image_.read(*header, fixed, sizeof fixed) != sizeof fixed)
        return;
    if (fixed[0] != 1 || (fixed[1] & 0x0f) != 0x0b || fixed[2] != 0x03 || fixed[3] != 0x3b)
        return;
    std::uint32_t count = 0;
    std::memcpy(&count, fixed + 8, sizeof count);
    std::vector<std::int32_t> pairs(2 * std::min<std::size_t>(count, most_function_starts));
    const std::size_t bytes = image_.read(*header + sizeof fixed, pairs.data(), pairs.size() * sizeof pairs[0]);
    pairs.resize(bytes / sizeof pairs[0]);
    for (std::size_t i = 0; i + 1 < pairs.size(); i += 2)
        function_starts_.push_back(*header + static_cast<std::uint64_t>(static_cast<std::int64_t>(pairs[i])));
}

std::optional<std::uint64_t> ElfModule::function_start(std::uint64_t address) {
    read_function_starts();
    const auto after = std::upper_bound(function_starts_.begin(), function_starts_.end(), address);
    if (after == function_starts_.begin())
        return std::nullopt;
    return *(after - 1);
}

std::optional<std::uint64_t> ElfModule::next_function(std::uint64_t address) {
    read_function_starts();
    const auto after = std::upper_bound(function_starts_.begin(), function_starts_.end(), address);
    return after == function_starts_.end() ? std::nullopt : std::optional{*after};
}

bool ElfModule::is_signal_return(std::uint64_t address) const {
    std::array<std::uint8_t, x86_64::signal_return_bytes> code{};
    const std::size_t got = image_.read(address, code.data(), code.size());
    return x86_64::is_signal_return({code.data(), got});
}

bool ElfModule::is_fiber_root(std::uint64_t address) const {
    std::array<std::uint8_t, x86_64::fiber_root_bytes> code{};
    const std::size_t got = image_.read(address, code.data(), code.size());
    return x86_64::is_fiber_root({code.data(), got});
}

} // namespace tasks::inspect
