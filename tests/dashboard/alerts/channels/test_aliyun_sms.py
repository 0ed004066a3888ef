from __future__ import annotations

from dashboard.alerts.channels.aliyun_sms import sign


def test_the_signature_is_that_of_the_provider_s_example() -> None:
    values = {
        "SignatureMethod": "HMAC-SHA1", "SignatureNonce": "45e25e9b-0a6f-4070-8c85-2956eda1b466",
        "AccessKeyId": "testId", "SignatureVersion": "1.0", "Timestamp": "2017-07-12T02:42:19Z", "Format": "XML",
        "Action": "SendSms", "Version": "2017-05-25", "RegionId": "cn-hangzhou", "PhoneNumbers": "15300000001",
        "SignName": "阿里云短信测试专用", "TemplateParam": '{"customer":"test"}', "TemplateCode": "SMS_71390007",
        "OutId": "123",
    }  # fmt: skip
    assert sign("testSecret", "GET", values) == "zJDF+Lrzhj/ThnlvIToysFRq6t4="
