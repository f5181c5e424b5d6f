"""The sentence templates of atlas in Vietnamese."""

from pyterrier_hybrid.datasets.atlas.sentences.language import Language, lower_first

_COMMON_NOUNS = ("Bảng ", "Châu ", "Miền ", "Thứ ", "Tiếng ", "Vùng ", "Đô la ", "Đồng ")


def _territory_fields(_: str, name: str) -> dict[str, str]:
    return {"x": lower_first(name) if name.startswith(("Quần đảo ", "Các ")) else name}


def _answer_fields(_: str, name: str) -> dict[str, str]:
    return {"y": lower_first(name) if name.startswith(_COMMON_NOUNS) else name}


LANGUAGE = Language(
    statements={
        "language": (
            "Ngôn ngữ chính thức của {x} là {y}.",
            "Luật pháp và giấy tờ nhà nước ở {x} được soạn bằng {y}.",
            "{y} có địa vị ngôn ngữ chính thức tại {x}. Tòa án và cơ quan hành chính đều dùng thứ tiếng này.",
            "Ai nộp đơn cho cơ quan công quyền ở {x} thì viết bằng {y}.",
            "Theo luật, {y} là tiếng nói của nhà nước tại {x}.",
        ),
        "currency": (
            "Đơn vị tiền tệ của {x} là {y}.",
            "Người dân ở {x} thanh toán bằng {y}.",
            "{y} là đồng tiền hợp pháp tại {x}. Giá cả và tiền lương được tính theo đồng tiền này.",
            "Các cửa hàng ở {x} nhận {y} làm phương tiện thanh toán.",
            "Loại tiền được dùng khắp {x} có tên là {y}.",
        ),
        "former": (
            "Trước đồng tiền hiện nay, {x} từng dùng {y}.",
            "Cho đến lần đổi tiền gần nhất, người dân ở {x} trả bằng {y}.",
            "{y} là đồng tiền hợp pháp cũ của {x}. Ngày nay chỉ người sưu tầm mới quan tâm đến nó.",
            "Thứ tiền đã bị bãi bỏ ở {x} là {y}.",
            "Bảng giá ngày xưa của {x} vẫn ghi {y}, loại tiền về sau bị thay thế.",
        ),
        "since": (
            "Đồng tiền hiện nay của {x} được dùng từ năm {y}.",
            "Chính vào năm {y}, {x} đã chấp nhận thứ tiền ngày nay.",
            "Đơn vị tiền tệ hiện hành được đưa vào {x} năm {y}. Từ đó người ta trả bằng đồng tiền này.",
            "Năm {y} đem lại cho {x} đồng tiền mà nước này vẫn giữ.",
            "Ở {x}, lần đổi tiền cuối cùng diễn ra năm {y}.",
        ),
        "abbreviation": (
            "Đồng tiền của {x} được viết tắt là {y}.",
            "Trong tiêu chuẩn ISO 4217, {y} chỉ đồng tiền của {x}.",
            "Quầy đổi tiền ghi tiền tệ của {x} bằng các chữ {y}. Ngân hàng cũng dùng những chữ ấy.",
            "Mã tiền tệ cho các khoản thanh toán ở {x} là {y}.",
            "{y} là dạng viết gọn quốc tế của thứ tiền được tiêu ở {x}.",
        ),
        "region": (
            "{x} nằm ở {y}.",
            "Liên Hợp Quốc coi {x} là một phần của {y}.",
            "Trên bản đồ thế giới, ta tìm thấy {x} ở {y}.",
            "Các nhà địa lý xếp {x} vào {y}.",
            "Trong số liệu thống kê theo từng phần của thế giới, {x} thuộc mục {y}.",
        ),
        "continent": (
            "{x} là một trong những nước của {y}.",
            "Lục địa mà {x} thuộc về là {y}.",
            "Trong các lục địa, {y} là nơi có {x}. Tập bản đồ ở trường cũng vẽ như vậy.",
            "Xét về lục địa, {x} được tính vào {y}.",
            "Du khách xuống máy bay ở {x} là đã đến {y}, một trong năm phần của trái đất.",
        ),
        "week": (
            "Ở {x}, tuần bắt đầu vào {y}.",
            "{y} được coi là ngày đầu tuần tại {x}. Sổ lịch làm việc cũng xếp theo thứ tự ấy.",
            "Lịch treo ở {x} đặt {y} vào cột đầu tiên.",
            "{y} là ngày mở ra mỗi tuần ở {x}.",
            "Khi một tuần mới đến ở {x}, hôm đó là {y}.",
        ),
        "weekend": (
            "Ở {x}, cuối tuần bắt đầu vào {y}.",
            "Người dân {x} mong đến {y}, ngày đầu của dịp cuối tuần.",
            "{y} là hôm mà kỳ nghỉ cuối tuần mở đầu tại {x}. Nhiều văn phòng khi ấy đóng cửa.",
            "Những ngày làm việc ở {x} kết thúc khi {y} đến.",
            "Các ngày nghỉ ngơi lúc hết tuần ở {x} khởi đầu bằng {y}.",
        ),
        "code": (
            "Tiêu chuẩn ISO 3166 viết tắt {x} là {y}.",
            "Mã hai chữ cái của {x} là {y}. Mã này được quy định trong tiêu chuẩn ISO 3166.",
            "Trong các danh mục theo ISO 3166, hai chữ {y} chỉ {x}.",
            "Trên mẫu đơn có hai chữ cho mỗi nước, {y} là ký hiệu của {x}.",
            "Hai chữ cái là đủ cho {x}: {y}.",
        ),
        "code3": (
            "Mã ba chữ cái của {x} là {y}.",
            "Trong ISO 3166, ba chữ {y} chỉ {x}.",
            "{y} là mã quốc gia dài hơn của {x}. Mã này có ba chữ cái và dễ nhận ra hơn.",
            "Bảng có ba chữ cho mỗi nước ghi {x} là {y}.",
            "Viết bằng ba chữ cái, {x} trở thành {y}.",
        ),
        "zone": (
            "Múi giờ của {x} được đặt theo tên {y}.",
            "Đồng hồ ở {x} chạy theo giờ {y}.",
            "Máy tính ở {x} được đặt múi giờ {y}. Đó là tên một thành phố.",
            "Ai đến {x} thì chỉnh đồng hồ đeo tay theo giờ {y}.",
            "Giờ ở {x} giống giờ ở {y}, nơi mà múi giờ mang tên.",
        ),
    },
    questions={
        "language": (
            "Các cơ quan công quyền ở {x} làm việc bằng tiếng gì?",
            "Nhà nước công nhận thứ tiếng nào ở {x}?",
            "Văn bản luật tại {x} được ban hành bằng ngôn ngữ nào?",
            "Viên chức ở {x} viết thư bằng tiếng nào?",
            "Ngôn ngữ nào được luật pháp thừa nhận ở {x}?",
        ),
        "currency": (
            "Ở {x} người ta trả bằng tiền gì?",
            "Tôi cần đổi loại tiền nào để mua sắm tại {x}?",
            "Giá hàng hóa ở {x} được niêm yết theo đơn vị nào?",
            "Đơn vị tiền tệ của {x} tên là gì?",
            "Khách đến {x} nên có tiền mặt nào trong ví?",
        ),
        "former": (
            "Đồng tiền trước đây của {x} là gì?",
            "{x} dùng tiền gì trước loại tiền hiện nay?",
            "Ngày trước người dân ở {x} trả bằng gì?",
            "Đồng tiền nào đã bị thay thế ở {x}?",
            "Tiền hợp pháp ở {x} cho đến khi đổi tiền là gì?",
        ),
        "since": (
            "{x} có đồng tiền hiện nay từ bao giờ?",
            "Thứ tiền đang dùng được đưa vào {x} năm nào?",
            "Đơn vị tiền tệ hiện hành của {x} có từ năm nào?",
            "Người dân {x} bắt đầu trả bằng tiền ngày nay khi nào?",
            "Lần gần nhất {x} đổi tiền là vào năm nào?",
        ),
        "abbreviation": (
            "Mã ISO của đồng tiền {x} là gì?",
            "Ngân hàng dùng ba chữ cái nào cho tiền của {x}?",
            "Tiền tệ của {x} được viết tắt thế nào?",
            "Trong bảng tỷ giá, tiền của {x} được ghi bằng những chữ nào?",
            "Tôi điền mã tiền tệ nào khi chuyển tiền đến {x}?",
        ),
        "region": (
            "{x} thuộc khu vực nào của thế giới?",
            "Phải tìm {x} ở đâu trên quả địa cầu?",
            "Cư dân {x} sống tại vùng nào của trái đất?",
            "{x} nằm trong khu vực địa lý nào?",
            "Người dân {x} ở góc nào của thế giới?",
        ),
        "continent": (
            "{x} nằm trên lục địa nào?",
            "{x} là một phần của châu lục nào?",
            "Đi thăm {x} là đến châu lục nào?",
            "Tập bản đồ vẽ {x} trong chương về lục địa nào?",
            "{x} thuộc châu nào trong năm châu?",
        ),
        "week": (
            "Tuần mới ở {x} khởi đầu từ hôm nào?",
            "Người dân {x} mở đầu một tuần bằng thứ mấy?",
            "Tờ lịch in tại {x} ghi ngày nào trước nhất?",
            "Ngày đầu tiên của tuần ở {x} là ngày nào?",
            "Lịch ở {x} bắt đầu bằng thứ mấy?",
        ),
        "weekend": (
            "Cuối tuần ở {x} bắt đầu từ hôm nào?",
            "Ngày nào là ngày đầu của dịp cuối tuần ở {x}?",
            "Khi nào người dân {x} bước vào kỳ nghỉ cuối tuần?",
            "Nhân viên ở {x} được nghỉ làm từ thứ mấy?",
            "Ngày nào chấm dứt những ngày làm việc ở {x}?",
        ),
        "code": (
            "Hai ký tự nào đại diện cho {x}?",
            "Mã quốc gia ISO của {x} là gì?",
            "Tên {x} được rút gọn thế nào trên phạm vi quốc tế?",
            "Tên {x} được rút còn hai chữ cái như thế nào?",
            "Tôi điền mã hai chữ nào vào mẫu đơn cho {x}?",
        ),
        "code3": (
            "Ba ký tự nào đại diện cho {x}?",
            "Mã quốc gia ba chữ cái của {x} là gì?",
            "Tên {x} được viết tắt bằng ba chữ thế nào?",
            "Các bảng dùng ký hiệu ba chữ cái nào cho {x}?",
            "Trong hai mã quốc gia của {x}, mã dài hơn là gì?",
        ),
        "zone": (
            "Múi giờ của {x} mang tên thành phố nào?",
            "Múi giờ nào được áp dụng ở {x}?",
            "Đồng hồ ở {x} chỉ giờ của thành phố nào?",
            "Ở {x} tôi chỉnh đồng hồ theo thành phố nào?",
            "Tôi chọn múi giờ nào trên máy tính ở {x}?",
        ),
    },
    introductions=(
        "Những điều du khách nên biết về {x}: ngôn ngữ chính thức, đồng tiền, múi giờ và những ngày cuối tuần.",
        "Đoạn này cho biết những chữ nào đại diện cho {x}, nước này ở lục địa nào và người ta trả bằng tiền gì.",
        "Người ta hay hỏi {x} có đồng tiền này từ bao giờ, tuần bắt đầu vào ngày nào và mã quốc gia là gì.",
        "Ai viết về {x} cũng tra khu vực, ngôn ngữ của cơ quan công quyền, đồng tiền cũ và cách viết tắt tên nước, "
        "tên tiền.",
    ),
    territory_fields=_territory_fields,
    answer_fields=_answer_fields,
)
